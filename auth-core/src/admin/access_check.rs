//! Access checks: answers questions about the access of a user.

use crate::access::{Holder, Question};
use crate::account::find::find_user;
use crate::admin::actor::Actor;
use crate::admin::roles::Roles;
use crate::error::Result;
use crate::platform::Platform;

impl<P: Platform> Roles<'_, P> {
    /// Answers questions about the access of a user, by default the actor, in the order of the questions. A disabled
    /// user has no access.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), or a failure of the platform.
    pub async fn check_access(
        self,
        actor: &Actor,
        user_id: Option<&str>,
        questions: &[Question],
    ) -> Result<Vec<bool>> {
        let context = self.context;
        let Some(id) = user_id else {
            let holder = actor.holder();
            return Ok(questions
                .iter()
                .map(|asked| asked.decide(&holder))
                .collect());
        };
        let member = find_user(context, id).await?;
        let enabled = member.account.user.disabled_at.is_none();
        let holder = Holder::from(&member);
        let answer = |asked: &Question| enabled && asked.decide(&holder);
        Ok(questions.iter().map(answer).collect())
    }
}
